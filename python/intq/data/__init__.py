"""Labelled text: files to rows, rows to token arrays, token arrays to batches."""
