"""Our own Liberty: transistor netlists from the cells' layout, characterised with ngspice.

layout -> raster -> extract (+ coupling, resistance) -> Netlist
Netlist -> bench -> combinational | sequential -> record (plain data)
records -> liberty -> flow/pdk/liberty/<library>__<corner>.lib.xz
"""
