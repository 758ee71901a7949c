"""Weights that the state holds as NF4 codes (docs/Spec.md, section NF4), decoded."""
import numpy as np

BLOCK, OUTER_BLOCK = 64, 256
CODES = np.array([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
                  -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634,
                  0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0], np.float32)
_PARTS = ("codes", "absmax", "scales", "offset")


def absmax_codes():
    """bitsandbytes' signed dynamic map: for each decade 10⁻⁶ … 1, the centres of 2^i equal parts of [0.1, 1]."""
    values = [np.zeros(1, np.float32), np.ones(1, np.float32)]
    for i in range(7):
        count = 2**i
        step, k = float((np.float32(1) - np.float32(0.1)) / np.float32(count)), np.arange(count + 1)
        low, high = float(np.float32(0.1)) + step * k, 1 - step * (count - k)
        edges = np.where(k < (count + 1) // 2, low, high).astype(np.float32)
        centres = np.float32(10.0 ** (i - 6)) * ((edges[:-1] + edges[1:]) / np.float32(2))
        values += [centres, -centres]
    return np.sort(np.concatenate(values))


def dequantize(codes, absmax, scales, offset, shape):
    """The weights [out, in] that the parts of the state stand for, in binary32."""
    packed = codes.astype("<i4").view(np.uint8)
    index = np.stack([packed >> 4, packed & 15], axis=1).reshape(-1)
    blocks = index.size // BLOCK
    level = absmax_codes()[absmax.astype("<i4").view(np.uint8)[:blocks]]
    largest = level * np.repeat(scales, OUTER_BLOCK)[:blocks] + offset
    return (CODES[index].reshape(blocks, BLOCK) * largest[:, None]).reshape(shape)


def restore(tensors):
    """The same tensors with the adapted weights in float32 in place of their codes."""
    plain = {}
    for name, value in tensors.items():
        weight, _, part = name.rpartition("/nf4_")
        if part not in _PARTS or not weight:
            plain[name] = value
        elif part == "codes":
            module = weight.removesuffix(".weight")
            shape = len(tensors[module + ".lora_B.weight"]), tensors[module + ".lora_A.weight"].shape[1]
            plain[weight] = dequantize(*(tensors[f"{weight}/nf4_{p}"] for p in _PARTS), shape)
    return plain
