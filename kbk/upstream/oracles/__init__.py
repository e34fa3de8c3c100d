"""Cases and float64 oracles for SGLang's kernels, a module a family; all of them our own."""
