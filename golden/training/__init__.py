"""How the shipped networks came about (needs the extra ``train``: PyTorch and snnTorch)."""
