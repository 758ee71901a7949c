"""Runs intq-bench-gemm (bench/gemm) and reads what it prints."""
import re
import statistics
import subprocess

from intq import abi
from intq.errors import UserError

PROGRAM = "intq-bench-gemm"
LINE = re.compile(r"(?P<name>.+?)\s+(?P<us>[\d.]+) us\s+(?P<gops>[\d.]+) GOPS\s+(?P<share>[\d.]+) % of peak\b.*?(?P<wrong>WRONG)?$")
NAME = re.compile(r"(?P<kernel>\S+ [NT]{2}) (?P<shape>\d+(?:x\d+)+)(?: b(?P<block>\d+))?")


def program_path():
    """It lies beside the library, in the build folder; nothing installs it."""
    path = abi.library_path().resolve().parent.parent / "bin" / PROGRAM
    if not path.exists():
        raise UserError(f"{path}: not built; build it with `ninja -C build/release {PROGRAM}`")
    return path


def run_program(*, cpu_isa, threads, only):
    """Its lines, as they come; raises where it refuses the options."""
    command = [str(program_path()), f"--team={threads}"] + [f"--isa={cpu_isa}"] * (cpu_isa != "auto") + [f"--only={only}"] * bool(only)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8") as process:
        yield from process.stdout
        message = process.stderr.read()
    if process.returncode not in (0, 1):  # 1: a wrong product, which its line says
        raise UserError(f"{PROGRAM}: {message.strip().removeprefix('error: ') or f'ended with code {process.returncode}'}")


def read(lines):
    """(record of the measured products, names of the wrong ones). Odd sizes are there for the check alone."""
    found = [_match(LINE, line.rstrip()) for line in lines[1:]]
    wrong = [match["name"] for match in found if match["wrong"]]
    kernels = [_kernel(match) for match in found if not match["name"].startswith("odd ")]
    peaks = [k["gops"] / k["fraction_of_peak"] for k in kernels
             if k["kernel"].split()[0] in ("i8", "tile8", "mx8") and k["fraction_of_peak"]]
    int8_peak = statistics.median(peaks) if peaks else None
    for kernel in kernels:
        kernel["fraction_of_int8_peak"] = round(kernel["gops"] / int8_peak, 3) if peaks else None
    return {"cpu_isa": lines[0].split(",")[0], "int8_peak_gops": round(int8_peak, 1) if peaks else None, "kernels": kernels}, wrong


def _match(pattern, text):
    if match := pattern.match(text):
        return match
    raise UserError(f"{PROGRAM}: expected a line of its table, but got '{text}'")


def _kernel(match):
    """`fraction_of_peak`: of the rate of the instruction that this kernel uses, measured in the same run."""
    name = _match(NAME, match["name"])
    return {"kernel": name["kernel"], "shape": name["shape"], "block": int(name["block"]) if name["block"] else None,
            "microseconds": float(match["us"]), "gops": float(match["gops"]),
            "fraction_of_peak": round(float(match["share"]) / 100, 3)}
