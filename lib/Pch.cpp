// Exists to be compiled once with Pch.h, whose result every library reuses.
