"""One measuring process of intq: `python -m intq.bench.intq_step JSON`; prints one line of JSON."""
import json
import sys
import time

import numpy as np

from intq.bench.checkpoints import VOCABULARY
from intq.commands.report import peak_rss_mib
from intq.errors import UserError
from intq.options import TrainingOptions
from intq.program import Program

WARM_UP = 2


def main():
    settings = json.loads(sys.argv[1])
    try:
        print(json.dumps(measure(**settings)))
    except UserError as error:
        sys.exit(str(error))


def measure(graph, batch, seq, steps, **options):
    """Without the code cache: `ready_seconds` is the time of a first start."""
    start = time.perf_counter()
    options = TrainingOptions(**options, cache_dir="").compiler_options(["step"])
    with Program.compile(graph, options) as program:
        ready = time.perf_counter() - start
        inputs, seconds = random_inputs(batch, seq), []
        for step in range(WARM_UP + steps):
            start = time.perf_counter()
            program.run("step", inputs, seed=1, step=step, lr=2e-5)
            seconds.append(time.perf_counter() - start)
        return {"seconds": seconds[WARM_UP:], "peak_rss_mib": peak_rss_mib(), "ready_seconds": ready,
                "plan_peak_mib": round(program.info["plan"]["total"] / 2**20, 1), "cpu_isa": program.info["cpu_isa"],
                "threads": program.info["threads"]}


def random_inputs(batch, seq):
    rng = np.random.default_rng(0)
    return {"input_ids": rng.integers(0, VOCABULARY, (batch, seq)), "attention_mask": np.ones((batch, seq), np.int64),
            "token_type_ids": np.zeros((batch, seq), np.int64), "labels": rng.integers(0, 2, batch)}


if __name__ == "__main__":
    main()
