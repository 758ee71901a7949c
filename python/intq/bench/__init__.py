"""What `intq bench` measures: training steps against PyTorch, and matrix products against the machine's peak."""
