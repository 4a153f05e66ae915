"""What a run is: its settings, as plain checked values."""
