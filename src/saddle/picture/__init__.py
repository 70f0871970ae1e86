"""Pictures turn arrays into images. They know no training, and load their libraries only where something is drawn."""
