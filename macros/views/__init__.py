"""What a macro shows to its users: Verilog, LEF, Liberty, pictures."""
