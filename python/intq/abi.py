"""The C interface of libintq (include/intq/Runtime/intq.h), declared for ctypes."""
import ctypes
import os
from ctypes import POINTER, byref, c_char_p, c_double, c_int, c_int32, c_int64, c_uint32, c_uint64, c_void_p
from functools import lru_cache
from pathlib import Path

from intq.errors import NonFiniteError, UserError


NON_FINITE = 3  # what intq_run returns where a step met NaN or an infinity


class Array(ctypes.Structure):
    _fields_ = [("name", c_char_p), ("dtype", c_int32), ("rank", c_int32), ("shape", POINTER(c_int64)),
                ("data", c_void_p)]


class RunOptions(ctypes.Structure):
    _fields_ = [("seed", c_uint64), ("step", c_uint32), ("microbatch", c_uint32), ("learning_rate", c_double)]


def _candidates():
    """Where the library may be: named by the user, in the package, in the source tree's build folder."""
    package = Path(__file__).resolve().parent
    if "INTQ_LIBRARY" in os.environ:
        return [Path(os.environ["INTQ_LIBRARY"])]
    return [package / "libintq.so", package.parent.parent / "build" / "release" / "lib" / "libintq.so"]


def library_path():
    for path in _candidates():
        if path.exists():
            return path
    raise UserError("libintq.so not found; expected one of: " + ", ".join(map(str, _candidates()))
                    + "; build it with `make build`, or name it in INTQ_LIBRARY")


# The char* results that the caller releases are declared void*: ctypes would copy and drop a c_char_p.
_SIGNATURES = {
    "intq_version": ([], c_char_p),
    "intq_cpu_isas": ([], c_char_p),
    "intq_inspect": ([c_char_p, c_char_p, POINTER(c_void_p), POINTER(c_void_p)], c_int),
    "intq_compile": ([c_char_p, c_char_p, POINTER(c_void_p), POINTER(c_void_p)], c_int),
    "intq_add_variant": ([c_void_p, c_char_p, c_char_p, c_char_p, POINTER(c_void_p)], c_int),
    "intq_destroy": ([c_void_p], None),
    "intq_info": ([c_void_p], c_char_p),
    "intq_profile": ([c_void_p, POINTER(c_void_p), POINTER(c_void_p)], c_int),
    "intq_state": ([c_void_p, c_char_p, POINTER(c_void_p), POINTER(c_uint64), POINTER(c_void_p)], c_int),
    "intq_save_checkpoint": ([c_void_p, c_char_p, c_uint32, c_double, POINTER(c_void_p)], c_int),
    "intq_run": ([c_void_p, c_char_p, POINTER(Array), c_int32, POINTER(Array), c_int32, POINTER(RunOptions),
                  POINTER(c_void_p)], c_int),
    "intq_free": ([c_void_p], None),
}


@lru_cache(maxsize=1)
def library():
    path = library_path()
    try:
        lib = ctypes.CDLL(str(path))
    except OSError as error:
        raise UserError(f"{path} does not load: {error}") from None
    for name, (arguments, result) in _SIGNATURES.items():
        function = getattr(lib, name)
        function.argtypes, function.restype = arguments, result
    return lib


def take_string(pointer):
    """The text behind a char* that the library handed over; releases it."""
    if not pointer:
        return ""
    text = ctypes.cast(pointer, c_char_p).value.decode("utf-8", "replace")
    library().intq_free(pointer)
    return text


def call(function, *arguments):
    """Calls a function whose last parameter is `char **error`; raises what it reports."""
    error = c_void_p()
    code = getattr(library(), function)(*arguments, byref(error))
    if code != 0:
        message = take_string(error.value) or f"{function} failed without a message"
        raise (NonFiniteError if code == NON_FINITE else UserError)(message)


def cpu_isas():
    """The CPU code paths that this machine can run, best first."""
    return [isa for isa in library().intq_cpu_isas().decode().split(",") if isa]
