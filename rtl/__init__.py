"""The accelerator in Amaranth.

Follow one time step: `host` starts it, `sequencer` walks through the layers, `scanner` lists the
inputs that fired, `memory` reads a row of weights for each, `lanes` add them up, `updater` and
`neuron` turn sums into spikes. `config` says what a chip is, `layouts` and `registers` what its
memory words and registers mean, `verilog` writes it out; `image` and `driver` are its software.
"""
