"""Pure: metrics, intervals, slices, calibration, leakage, gate rules."""
