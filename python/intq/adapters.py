"""Low-rank adapters (docs/Adapters.md): their options, the rank of a step, and their merge into the weights."""
import numpy as np

from intq.errors import UserError
from intq.philox import stream_id, words32

KINDS = ("lora", "qlora", "dylora", "qdylora")
SCALES = ("alpha/b", "alpha/sqrt(b)", "constant")
UPDATES = ("dense", "masked")
_A, _B = ".lora_A.weight", ".lora_B.weight"


def trained_ranks(chosen):
    """The ranks that --adapter, --ranks and --lora-r mean."""
    dynamic = chosen.adapter.endswith("dylora")
    if chosen.ranks and not dynamic:
        raise UserError(f"--ranks belongs to dylora and qdylora; --adapter {chosen.adapter} has one rank, --lora-r")
    if chosen.ranks and chosen.lora_r:
        raise UserError("expected --ranks or --lora-r, but got both")
    if not dynamic:
        return [chosen.lora_r or 8]
    if chosen.lora_r or (chosen.adapter == "dylora" and not chosen.ranks):
        return list(range(1, (chosen.lora_r or 8) + 1))
    return sorted(set(chosen.ranks or (1, 2, 4, 8, 16, 32, 64)))


def adapter_options(chosen):
    """What the compiler is told; `chosen` has the command's options as attributes. Without an adapter: nothing."""
    if chosen.adapter is None:
        for name in ("ranks", "lora_r", "eval_ranks", "lora_targets", "lora_scale"):
            if getattr(chosen, name):
                raise UserError(f"--{name.replace('_', '-')} needs --adapter")
        return {}
    ranks = trained_ranks(chosen)
    evaluated = sorted(set(chosen.eval_ranks or ranks))
    if evaluated[-1] > ranks[-1]:
        raise UserError(f"expected --eval-ranks up to the largest rank {ranks[-1]}, but got {evaluated[-1]}")
    targets = chosen.lora_targets or ("all-linear" if chosen.adapter.startswith("q") else "query,value")
    return {"adapter": {"ranks": ranks, "eval_ranks": evaluated, "targets": targets.split(","),
                        "alpha": chosen.lora_alpha, "frozen": chosen.lora_frozen, "update": chosen.lora_update,
                        "scale": chosen.lora_scale or ("alpha/b" if len(ranks) > 1 else "constant"),
                        "weight": "nf4" if chosen.adapter.startswith("q") else "keep", "seed": chosen.seed}}


def rank_of_step(ranks, *, seed, step):
    """The rank of an optimizer step, one for the whole model and all its microbatches: ranks[w mod n], w the first
    32-bit draw of stream adapter/rank (Spec, section Adapters)."""
    return ranks[int(words32(1, seed=seed, step=step, stream=stream_id("adapter/rank"))[0]) % len(ranks)]


def factor(adapter, rank):
    """The scale of B·A at a rank, as the compiled program has it in binary32."""
    largest, alpha = adapter["ranks"][-1], adapter["alpha"]
    divisor = {"alpha/b": rank, "alpha/sqrt(b)": np.sqrt(rank), "constant": largest}[adapter["scale"]]
    return float(np.float32(alpha / divisor))


def modules(weights):
    """Names of the adapted modules."""
    return [name[: -len(_A)] for name in weights if name.endswith(_A)]


def check_rank(adapter, rank):
    if not 1 <= rank <= adapter["ranks"][-1]:
        raise UserError(f"expected a rank from 1 to {adapter['ranks'][-1]}, but got {rank}")


def merge(weights, adapter, rank):
    """(weights with W + s·B_b·A_b in place of each W, report). Sums in binary64, rounded once; nothing is quantized."""
    check_rank(adapter, rank)
    merged = {n: w for n, w in weights.items() if not n.endswith((_A, _B))}
    worst, largest = 0.0, 0.0
    for module in modules(weights):
        a, b = weights[module + _A][:rank].astype(np.float64), weights[module + _B][:, :rank].astype(np.float64)
        change = factor(adapter, rank) * (b @ a)
        exact = merged[module + ".weight"] + change
        merged[module + ".weight"] = exact.astype(np.float32)
        worst = max(worst, float(np.abs(merged[module + ".weight"] - exact).max()))
        largest = max(largest, float(np.abs(change).max()))
    return merged, {"modules": len(modules(weights)), "merge_error": worst, "largest_change": largest}


def alone(weights, adapter, rank, trained):
    """(tensors, configuration) of a PEFT folder: the first `rank` rows and columns, and the head, which is trained whole.
    `trained`: names of the head's parameters."""
    check_rank(adapter, rank)
    tensors = {}
    for module in modules(weights):
        tensors[f"base_model.model.{module}{_A}"] = np.ascontiguousarray(weights[module + _A][:rank])
        tensors[f"base_model.model.{module}{_B}"] = np.ascontiguousarray(weights[module + _B][:, :rank])
    heads = sorted({name.rpartition(".")[0] for name in trained})
    tensors.update({f"base_model.model.{name}": weights[name] for name in trained})
    config = {"peft_type": "LORA", "r": rank, "lora_alpha": factor(adapter, rank) * rank, "lora_dropout": 0.0,
              "bias": "none", "fan_in_fan_out": False, "inference_mode": True, "use_rslora": False,
              "target_modules": modules(weights), "modules_to_save": heads}
    return tensors, config
