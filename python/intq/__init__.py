"""intq: integer fine-tuning of BERT-family models."""
