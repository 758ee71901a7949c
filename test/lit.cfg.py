# The lit suite: what is a test, which tools it may call, which instruction sets are there.
import ctypes
import os

import lit.formats
from lit.llvm import initialize

initialize(lit_config, config)
from lit.llvm import llvm_config  # None before initialize
from lit.llvm.subst import ToolSubst

config.name = "intq"
config.suffixes = [".mlir", ".test"]
config.excludes = ["python", "unit", "Inputs"]
config.test_format = lit.formats.ShTest(execute_external=False)
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.intq_obj_root, "test")
config.environment["FILECHECK_OPTS"] = "-enable-var-scope --allow-unused-prefixes=false"
config.environment["PYTHONPATH"] = os.path.join(config.test_source_root, "..", "python")

bin_dir = os.path.join(config.intq_obj_root, "bin")
tools = ["intq-opt", "intq-translate", "intq-run", "intq-bench-gemm"]
built = [t for t in tools if os.path.exists(os.path.join(bin_dir, t))]
llvm_config.add_tool_substitutions([ToolSubst(t, unresolved="fatal") for t in built], [bin_dir])
llvm_config.add_tool_substitutions(["FileCheck", "not", "count", "split-file", "mlir-translate", "opt", "llc"], [config.llvm_tools_dir])
config.substitutions.append(("%python", config.python_executable))


def machine_isas():
    """The code paths that this machine can run, by the runtime's own detection."""
    library = ctypes.CDLL(os.path.join(config.intq_obj_root, "lib", "libintq.so"))
    library.intq_cpu_isas.restype = ctypes.c_char_p
    return library.intq_cpu_isas().decode().split(",")


for isa in machine_isas():
    config.available_features.add("isa-" + isa)
lit_config.note("features: " + ", ".join(sorted(f for f in config.available_features if f.startswith("isa-"))))
