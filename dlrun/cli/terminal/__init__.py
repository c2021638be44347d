"""How a terminal shows things: streams, tables, arrays, layers, progress and curves."""
