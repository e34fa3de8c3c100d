"""Standard PyTorch extension sources: at::Tensor, TORCH_LIBRARY, PYBIND11_MODULE, as they are."""
