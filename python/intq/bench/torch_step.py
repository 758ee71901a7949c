"""One measuring process of PyTorch: `PYTHON torch_step.py JSON`; prints one line of JSON.

It imports nothing of intq: its interpreter is another one, with torch and transformers. Without an argument it does
nothing; that it can do so shows that the interpreter has both.
"""
import json
import sys
import time
from pathlib import Path

import torch
from transformers import BertConfig, BertForSequenceClassification

WARM_UP = 2  # the first of them compiles, too


def measure(config, mode, batch, seq, steps, threads, max_grad_norm):
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model = BertForSequenceClassification(BertConfig(**config, num_labels=2)).train()
    if mode == "bf16":
        model = model.to(torch.bfloat16)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-5, weight_decay=0.0, fused=True)
    forward = torch.compile(model) if mode == "fp32-compiled" else model
    inputs = {"input_ids": torch.randint(0, config["vocab_size"], (batch, seq)),
              "attention_mask": torch.ones((batch, seq), dtype=torch.int64), "labels": torch.randint(0, 2, (batch,))}
    seconds = []
    for _ in range(WARM_UP + steps):
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=mode == "bf16-autocast"):
            loss = forward(**inputs).loss
        loss.backward()
        if max_grad_norm:
            torch.nn.utils.clip_grad_norm_(model.parameters(), max_grad_norm)
        optimizer.step()
        seconds.append(time.perf_counter() - start)
    return {"seconds": seconds[WARM_UP:], "peak_rss_mib": peak_rss_mib(), "threads": threads,
            "cpu_isa": torch.backends.cpu.get_cpu_capability(), "version": torch.__version__}


def peak_rss_mib():
    status = Path("/proc/self/status").read_text().splitlines()
    return round(next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024, 1)


if __name__ == "__main__" and len(sys.argv) > 1:
    print(json.dumps(measure(**json.loads(sys.argv[1]))))
