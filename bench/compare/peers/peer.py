"""The other side of the comparison: NumPy, scikit-learn or PyTorch, at the same workloads, as one who knows them writes them.

Run with the name of a library and a number of threads. It says which rows it has, and in which ways it does each, then
answers requests, one JSON object a line:

  {"row": "gemm_1", "way": "", "check": 3}              ->  {"sum": 373918.08}   after 3 steps of a new workload
  {"row": "gemm_1", "way": "", "warm": 2, "steps": 10}  ->  {"seconds": 0.01}    a step of a kept workload: the mean of 10 after 2

A way is a function that makes a workload: (step, sum). Inputs and sums are those of package bench.
"""
import importlib
import json
import sys

from inputs import seconds


def check(make, steps):
    step, result = make()
    for _ in range(steps):
        step()
    return result()


def main():
    library = sys.argv[1]
    rows = importlib.import_module(library + "_peer").ROWS
    about = f"{library} {sys.modules[library].__version__}, Python {sys.version.split()[0]}"
    print(json.dumps({"about": about, "rows": {row: list(ways) for row, ways in rows.items()}}), flush=True)
    kept = {}
    for line in sys.stdin:
        q = json.loads(line)
        name, make = (q["row"], q["way"]), rows[q["row"]][q["way"]]
        if "check" in q:
            answer = {"sum": check(make, q["check"])}
        else:
            if name not in kept:
                kept[name] = make()[0]
            seconds(kept[name], q["warm"])
            answer = {"seconds": seconds(kept[name], q["steps"])}
        print(json.dumps(answer), flush=True)


main()
