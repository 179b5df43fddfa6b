"""Makes numbers.safetensors with Hugging Face's own package.

pip install numpy safetensors; python3 make.py
"""

import numpy
import safetensors.numpy

values = {
    name: numpy.array([[-2, 0, 1], [3, 100, 127]], dtype=name)
    for name in ("float64", "float32", "float16", "int64", "int32", "int16", "int8")
}
values |= {name: numpy.array([0, 1, 200], dtype=name) for name in ("uint64", "uint32", "uint16", "uint8")}
values |= {
    "bool": numpy.array([True, False]),
    "one": numpy.array(0.5, dtype="float32"),
    "none": numpy.zeros((0, 3), dtype="float32"),
    "special": numpy.array([numpy.inf, -numpy.inf, numpy.nan, 6e-8, 65504, 1 / 3], dtype="float16"),
}
safetensors.numpy.save_file(values, "numbers.safetensors", metadata={"made": "with 'quotes' and é"})
