"""Repairs to OpenRAM 1.2.48, each a function named for what it repairs.

Only OpenRAM's own process loads this.
"""

from __future__ import annotations

from importlib import import_module

__all__ = ["apply"]

LI1_CLEAR_OF_RAILS = 85
"""Last contact to the end of the diffusion in nm: its li1 then keeps li_3 from the supply rail."""
COLUMN_SELECT_SIZE = 12
"""Of the last inverter of a column select line, in minimum inverters."""


def modules_in_the_order_of_their_use() -> None:
    """A module keeps those below it in a set of objects, whose order is another in every run, and
    with it that of the cells in netlist and layout."""
    from openram.base.hierarchy_spice import spice

    class Ordered(dict):
        def add(self, module) -> None:
            self[module] = None

    made = spice.__init__

    def init(self, *arguments, **options) -> None:
        made(self, *arguments, **options)
        self.mods = Ordered()

    spice.__init__ = init


def predecoders_on_demand() -> None:
    """The row decoder makes a 4-to-16 predecoder even if it has no use for one, and with it asks
    the technology for a NAND4 that no macro of ours contains."""
    from openram.modules.hierarchical_decoder import hierarchical_decoder
    from openram.sram_factory import factory

    def add_decoders(self) -> None:
        for size, used in (("2_4", self.no_of_pre2x4), ("3_8", self.no_of_pre3x8)):
            kind = "hierarchical_predecode" + size.replace("_", "x")
            made = factory.create(module_type=kind, height=self.cell_height) if used else Nothing()
            setattr(self, f"pre{size}", made)
        self.pre4_16 = Nothing()

    class Nothing:
        width = height = 0.0

    hierarchical_decoder.add_decoders = add_decoders


def small_pins() -> None:
    """OpenRAM makes wires as wide as the pins they start from and puts vias on their centres; pins
    of our cells are whole wires, so it gets a part of each where a via has room."""
    from openram.modules.dff import dff
    from openram.modules.sense_amp import sense_amp
    from openram.modules.write_driver import write_driver

    from macros.technology.sticks import SUPPLY_X

    def shrink(kind, names, x=None) -> None:
        made = kind.__init__

        def init(self, *arguments, **options) -> None:
            made(self, *arguments, **options)
            for name in names:
                pins = [(pin.layer, pin.center()) for pin in self.get_pins(name)]
                self.remove_layout_pin(name)
                for layer, centre in pins:
                    place = type(centre)(centre.x if x is None else x, centre.y)
                    self.add_layout_pin_rect_center(name, layer, place, 0.26, 0.26)

        kind.__init__ = init

    shrink(dff, ("D", "Q", "clk"))
    for kind in (sense_amp, write_driver):
        shrink(kind, ("vdd", "gnd"), SUPPLY_X / 1000)


def right_dummy_column_mirrored_by_its_place() -> None:
    """Columns are mirrored by turns, but the array counts the replica columns of port 0 instead of
    those on the right when it numbers its right dummy column, which then faces the wrong way."""
    from openram.modules.capped_replica_bitcell_array import capped_replica_bitcell_array as array
    from openram.sram_factory import factory

    made = array.add_modules

    def add_modules(self) -> None:
        made(self)
        self.row_cap_right = factory.create(
            module_type="dummy_array",
            cols=1,
            column_offset=1 + len(self.left_rbl) + self.column_size + len(self.right_rbl),
            rows=self.row_size + self.extra_rows,
            mirror=(self.rbl[0] + 1) % 2,
        )

    array.add_modules = add_modules


def predecoder_rails_reach_the_first_gate() -> None:
    """The predecoder's rails start one pitch above its lower edge, where the first gate's lowest
    input is missed."""
    from openram.base import vector
    from openram.modules.hierarchical_predecode import hierarchical_predecode as predecoder

    made = predecoder.route_rails

    def route_rails(self) -> None:
        made(self)
        for rail in (*self.input_rails.values(), *self.decode_rails.values()):
            self.add_rect(
                self.bus_layer,
                vector(rail.lx(), 0.095),
                rail.width(),
                self.bus_pitch,
            )

    predecoder.route_rails = route_rails


def control_logic_clear_of_the_wires_beside_it() -> None:
    """The enables run on met3 straight from the control logic into the bank, and the replica bit
    line back into it, whatever lies there: select lines of the column decoder, supply pads, each
    other. The control logic moves down until all are clear."""
    from openram.base import contact
    from openram.modules.sram_1bank import sram_1bank
    from openram.tech import layer

    made = sram_1bank.place_control
    step, steps = 0.1, 80

    def shapes(instance) -> list[tuple[float, float, float, float]]:
        """Boxes on met3 of a module itself and its supply pins, not of what is placed in it."""
        found = [
            *(o for o in instance.mod.objs if o.name == "rect" and o.lpp == layer["m3"]),
            *(i for i in instance.mod.insts if isinstance(i.mod, contact) and has_met3(i.mod)),
        ]
        corners = [(o.ll() + instance.offset, o.ur() + instance.offset) for o in found]
        pins = [pin for name in ("vdd", "gnd") for pin in instance.get_pins(name)]
        corners += [(pin.ll(), pin.ur()) for pin in pins if pin.layer == "m3"]
        return [(low.x, low.y, high.x, high.y) for low, high in corners]

    def has_met3(via) -> bool:
        return "m3" in (via.layer_stack[0], via.layer_stack[2])

    def place_control(self) -> None:
        made(self)
        control, home = self.control_logic_insts[0], self.control_pos[0]
        reach = self.m3_space + 0.5 * self.m2_via.second_layer_height + 0.02
        decoders = [d for d in (getattr(self.bank, "column_decoder_inst", None) or []) if d]
        fixed = [box for one in (self.bank_inst, *decoders) for box in shapes(one)]
        fixed = [box for box in fixed if box[0] < 0 or box[2] - box[0] < self.bank.width / 2]

        def clear(y: float, x0: float, x1: float, boxes) -> bool:
            return not any(
                left < x1 + reach and right > x0 - reach and low < y + reach and high > y - reach
                for left, low, right, high in boxes
            )

        for k in range(4, steps):
            self.control_pos[0] = home - type(home)(0, k * step)
            control.place(self.control_pos[0])
            enables = [s for s in self.control_logic_outputs[0] if "clk" not in s]
            wires = [
                (control.get_pin(s).cy(), control.get_pin(s).rx(), self.bank_inst.get_pin(f"{s}0"))
                for s in enables
            ]
            replica, source = self.bank_inst.get_pin("rbl_bl_0_0"), control.get_pin("rbl_bl")
            replica_wire = (source.cx(), replica.by(), replica.rx(), replica.uy())
            obstacles = [*fixed, replica_wire]
            if all(clear(y, x0, pin.cx(), obstacles) for y, x0, pin in wires) and clear(
                replica.cy(), source.cx(), replica.cx(), shapes(control)
            ):
                return
        raise RuntimeError("no place for the control logic leaves room for its wires")

    sram_1bank.place_control = place_control


def bit_lines_change_layer() -> None:
    """The port's rows are joined on the layer of the lower one's bit lines, as if all had the same;
    ours are met1 in the array, met2 in sense amplifier and write driver."""
    from openram.base import vector
    from openram.modules.port_data import port_data

    def connect_bitlines(
        self,
        inst1,
        inst2,
        num_bits,
        inst1_bls_template="{inst}_{bit}",
        inst1_start_bit=0,
        inst2_bls_template="{inst}_{bit}",
        inst2_start_bit=0,
    ) -> None:
        low, high = self._group_bitline_instances(
            inst1,
            inst2,
            num_bits,
            inst1_bls_template,
            inst1_start_bit,
            inst2_bls_template,
            inst2_start_bit,
        )
        for bit in range(num_bits):
            pairs = zip(
                self._get_bitline_pins(low, bit), self._get_bitline_pins(high, bit), strict=True
            )
            for row, (below, above) in enumerate(pairs, start=1):
                start, end = below.uc(), above.bc()
                jog = above.by() - row * getattr(self, f"{above.layer}_pitch")
                if below.layer != above.layer:
                    via = start + vector(0, 0.49)  # beyond the lower row's enable rail in met2
                    self.add_path(below.layer, [start, via])
                    self.add_via_stack_center(via, below.layer, above.layer)
                    start, jog = via, above.by() - 0.4
                self.add_zjog(above.layer, start, end, "V", fixed_offset=jog)

    port_data.connect_bitlines = connect_bitlines


def output_buffer_of_control_flip_flops_on_met3() -> None:
    """The wire from a control flip-flop to its buffer runs in met2, the layer of the flip-flop's
    own upright wires, and joins every one that it crosses; the li1 of its output pin goes down
    into the ground contacts of the buffer."""
    from openram.base import vector
    from openram.modules.dff_buf import dff_buf

    def route_wires(self) -> None:
        self.route_layer = "li"
        start, end = self.dff_inst.get_pin("Q"), self.inv1_inst.get_pin("A")
        corner = vector(end.cx(), start.cy())
        self.add_path("m3", [start.center(), corner, end.center()])
        for pin in (start, end):
            self.add_via_stack_center(
                from_layer=pin.layer, to_layer="m3", offset=pin.center(), min_area=True
            )
        z, a = self.inv1_inst.get_pin("Z"), self.inv2_inst.get_pin("A")
        self.mid_qb_pos = vector(0.5 * (z.cx() + a.cx()), z.cy())
        self.add_zjog(z.layer, z.center(), a.center())

    def add_layout_pins(self) -> None:
        supply = self.dff_inst.get_pin("vdd")
        for name in ("vdd", "gnd"):
            rail = self.dff_inst.get_pin(name)
            self.add_layout_pin(name, rail.layer, rail.ll(), self.width, supply.height())
        for name in ("clk", "D"):
            pin = self.dff_inst.get_pin(name)
            self.add_layout_pin(name, pin.layer, pin.ll(), pin.width(), pin.height())
        centre = self.inv2_inst.get_pin("Z").center()
        step = vector(self.m2_nonpref_pitch, 0)
        for name, path in (
            ("Q", [centre, centre + step]),
            ("Qb", [self.mid_qb_pos, self.mid_qb_pos + vector(0, 2 * self.m2_nonpref_pitch)]),
        ):
            self.add_path(self.route_layer, path)
            self.add_via_stack_center(from_layer=self.route_layer, to_layer="m2", offset=path[-1])
            self.add_layout_pin_rect_center(name, "m2", path[-1])

    dff_buf.route_wires = route_wires
    dff_buf.add_layout_pins = add_layout_pins


def replica_driver_tied_clear_of_the_ground_rail() -> None:
    """The second input of the replica word line's driver is tied to the supply by a via stack that
    OpenRAM puts onto the ground rail beside it."""
    from openram.base import vector
    from openram.modules.port_address import port_address

    def route_supplies(self) -> None:
        if self.has_rbl:
            self.copy_layout_pin(self.rbl_driver_inst, "vdd")
        for module in (self.wordline_driver_array_inst, self.row_decoder_inst):
            for name in ("vdd", "gnd"):
                self.copy_layout_pin(module, name)
        if self.has_rbl:
            pin = self.rbl_driver_inst.get_pin("B")
            place = pin.center() - vector(4.75 * self.m1_pitch, 0)
            self.add_path(pin.layer, [pin.center(), place])
            self.add_power_pin("vdd", place, start_layer=pin.layer)

    port_address.route_supplies = route_supplies


def control_logic_stays_repaired() -> None:
    """The bank loads the control logic's module a second time, without what is repaired in it."""
    vars(import_module("openram.modules.sram_1bank"))["reload"] = lambda module: module


def precharge_in_the_whole_high_phase() -> None:
    """Precharge stops when the replica bit line is up, before the other bit lines are."""
    from openram.modules.control_logic import control_logic

    def create_pen_row(self) -> None:
        self.p_en_bar_nand_inst = self.add_inst(name="nand_p_en_bar", mod=self.nand2)
        self.connect_inst(["gated_clk_buf", "gated_clk_buf", "p_en_bar_unbuf", "vdd", "gnd"])
        self.p_en_bar_driver_inst = self.add_inst(name="buf_p_en_bar", mod=self.p_en_bar_driver)
        self.connect_inst(["p_en_bar_unbuf", "p_en_bar", "vdd", "gnd"])

    connect = control_logic.connect_vertical_bus

    def connect_vertical_bus(self, mapping, instance, bus, *stack) -> None:
        if instance is getattr(self, "p_en_bar_nand_inst", None):
            mapping = [("A", "gated_clk_buf"), ("B", "gated_clk_buf")]
        connect(self, mapping, instance, bus, *stack)

    control_logic.create_pen_row = create_pen_row
    control_logic.connect_vertical_bus = connect_vertical_bus


def enables_driven_in_three_stages() -> None:
    """Sense and write enable are driven by one inverter as wide as the word, from a gate of minimum
    size; two smaller inverters before it take 0.8 ns off the access of 512x32."""
    from openram.modules.pand3 import pand3
    from openram.sram_factory import factory

    def create_modules(self) -> None:
        self.nand = factory.create(
            module_type="pnand3", height=self.height, add_wells=self.vertical
        )
        sizes = [max(self.size // 9, 1), max(self.size // 3, 1), self.size]
        self.inv = factory.create(
            module_type="pdriver", size_list=sizes, height=self.height, add_wells=self.add_wells
        )

    pand3.create_modules = create_modules


def gates_of_the_control_logic_sized_by_their_load() -> None:
    """The gate of both gated clocks is made so large that its NAND is slow to drive it, the
    inverter before it and the first stages of the clock buffer so small that they are slow too:
    write enable then changes before the gated clock closes, and sense enable pulses."""
    from openram.modules.control_logic import control_logic
    from openram.sram_factory import factory

    made, made_row = control_logic.add_modules, control_logic.create_gated_clk_bar_row

    def add_modules(self) -> None:
        made(self)
        height = self.dff.height
        self.and2 = factory.create(module_type="pand2", size=4, height=height)
        self.clk_bar_inv = factory.create(module_type="pinv", size=4, height=height)
        sizes = self.clk_buf_driver.size_list
        while len(sizes) > 2 and sizes[0] == sizes[1]:
            sizes = sizes[2:]
        self.clk_buf_driver = factory.create(module_type="pdriver", size_list=sizes, height=height)

    def create_gated_clk_bar_row(self) -> None:
        small, self.inv = self.inv, self.clk_bar_inv
        made_row(self)
        self.inv = small

    control_logic.add_modules = add_modules
    control_logic.create_gated_clk_bar_row = create_gated_clk_bar_row


def column_select_driven_in_three_stages() -> None:
    """A line that opens the multiplexers of a whole word is driven by a gate of minimum size, and
    takes longer than the whole read."""
    from openram.modules.hierarchical_predecode import hierarchical_predecode
    from openram.modules.pand2 import pand2
    from openram.sram_factory import factory

    made, made_gate = hierarchical_predecode.add_modules, pand2.create_modules

    def add_modules(self) -> None:
        made(self)
        if self.column_decoder:
            kind = f"pand{self.number_of_inputs}"
            self.and_mod = factory.create(
                module_type=kind, size=COLUMN_SELECT_SIZE, height=self.cell_height
            )

    def create_modules(self) -> None:
        made_gate(self)
        if self.size >= COLUMN_SELECT_SIZE:
            sizes = [self.size // 12, self.size // 3, self.size]
            self.inv = factory.create(
                module_type="pdriver",
                size_list=sizes,
                height=self.height,
                add_wells=self.add_wells,
            )

    hierarchical_predecode.add_modules = add_modules
    pand2.create_modules = create_modules


def as_many_contacts_as_fit() -> None:
    """OpenRAM gives every source and drain one contact, however wide the transistor; beside those
    of the column multiplexer, bit lines turn on li1 close to the end of the diffusion."""
    from openram.modules.column_mux import column_mux
    from openram.modules.ptx import ptx
    from openram.sram_factory import factory
    from openram.tech import drc

    from macros.technology.rules import rule

    edge, pitch = LI1_CLEAR_OF_RAILS, rule("licon_1") + rule("licon_2")

    def calculate_num_contacts(self) -> int:
        width = round(1000 * self.tx_width)
        return max(1, (width - 2 * edge + rule("licon_2")) // pitch)

    def add_ptx(self) -> None:
        create = factory.create
        width = self.tx_size * drc("minwidth_tx")
        some = create(module_type="ptx", width=width).num_contacts - 2

        def create_with_fewer(module_type, **options):
            fewer = {"num_contacts": some} if module_type == "ptx" else {}
            return create(module_type=module_type, **options, **fewer)

        factory.create = create_with_fewer
        try:
            made(self)
        finally:
            factory.create = create

    made = column_mux.add_ptx
    ptx.calculate_num_contacts = calculate_num_contacts
    column_mux.add_ptx = add_ptx


def supply_vias_of_the_foundry_array_upright() -> None:
    """Their pads lie across the met1 wires that they end, 10 nm too close to the next wire."""
    name = "sky130_replica_bitcell_array"
    array = getattr(import_module(f"openram.custom.{name}"), name)
    made = array.add_via_stack_center

    def add_via_stack_center(self, **options):
        if options["from_layer"] == "m1":
            options["directions"] = ("V", "V")
        return made(self, **options)

    array.add_via_stack_center = add_via_stack_center


def apply(own_cells: bool) -> None:
    """Apply every repair, those that our own cells need only with these; call after OpenRAM's
    technology is loaded."""
    modules_in_the_order_of_their_use()
    control_logic_stays_repaired()
    predecoders_on_demand()
    predecoder_rails_reach_the_first_gate()
    control_logic_clear_of_the_wires_beside_it()
    replica_driver_tied_clear_of_the_ground_rail()
    precharge_in_the_whole_high_phase()
    enables_driven_in_three_stages()
    gates_of_the_control_logic_sized_by_their_load()
    column_select_driven_in_three_stages()
    as_many_contacts_as_fit()
    if own_cells:
        small_pins()
        right_dummy_column_mirrored_by_its_place()
        bit_lines_change_layer()
        output_buffer_of_control_flip_flops_on_met3()
    else:
        supply_vias_of_the_foundry_array_upright()
