"""Edge: everything that touches disk, network, clock, environment, database or tracker."""
