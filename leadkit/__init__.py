"""leadkit."""
