// A Wishbone host around a verilated chip: plays a stimulus file, compares what it reads.
//
//     host STIMULUS [WAVEFORM]
//
// The stimulus is little-endian uint32 quads (see verification/rtl/stimulus.py):
//     kind, address or count, data, mask
// Prints "mismatch <operation> <cycle> <got>" for each read that differs under its mask, "value
// <operation> <got>" for each recorded one, "stuck <operation> <cycle>" and stops if the chip does not
// answer, and at the end "end <operations> <cycles> <mismatches>".
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "verilated.h"
#include "Vchip.h"
#if VM_TRACE
#include "verilated_vcd_c.h"
#endif

enum Kind : uint32_t { WRITE, READ, RECORD, WAIT, RESET, IDLE, ABORT, PARTIAL };
struct Operation { uint32_t kind, address, data, mask; };

namespace {
constexpr uint64_t PATIENCE = 2000000;  // cycles

struct Bench {
    VerilatedContext context;
    std::unique_ptr<Vchip> chip{new Vchip{&context}};
    uint64_t cycle = 0;
#if VM_TRACE
    std::unique_ptr<VerilatedVcdC> wave;
    void open(const char* path) {
        context.traceEverOn(true);
        wave.reset(new VerilatedVcdC);
        chip->trace(wave.get(), 99);
        wave->open(path);
    }
    void dump() { if (wave) wave->dump(context.time()); }
#else
    void open(const char*) {}
    void dump() {}
#endif
    // One clock cycle; inputs change with the falling edge before it.
    void tick() {
        chip->wb_clk_i = 0;
        chip->eval();
        dump();
        context.timeInc(10);
        chip->wb_clk_i = 1;
        chip->eval();
        dump();
        context.timeInc(10);
        ++cycle;
    }
    // A classic cycle; false if there is no answer in time.
    bool access(uint32_t address, bool write, uint32_t data, uint32_t& read, int select = 15) {
        chip->wbs_cyc_i = chip->wbs_stb_i = 1;
        chip->wbs_we_i = write;
        chip->wbs_sel_i = select;
        chip->wbs_adr_i = address;
        chip->wbs_dat_i = data;
        const uint64_t limit = cycle + PATIENCE;
        do tick(); while (!chip->wbs_ack_o && cycle < limit);
        if (!chip->wbs_ack_o) return false;
        read = chip->wbs_dat_o;
        tick();
        chip->wbs_cyc_i = chip->wbs_stb_i = chip->wbs_we_i = 0;
        return true;
    }
};
}  // namespace

int main(int argc, char** argv) {
    std::FILE* file = argc > 1 ? std::fopen(argv[1], "rb") : nullptr;
    if (!file) return std::fputs("host: no stimulus\n", stderr), 2;
    Bench bench;
    if (argc > 2) bench.open(argv[2]);
    auto& chip = *bench.chip;
    chip.wb_rst_i = 0;
    chip.wbs_cyc_i = chip.wbs_stb_i = chip.wbs_we_i = 0;
    std::vector<Operation> block(1 << 16);
    uint64_t number = 0, mismatches = 0;
    bool stuck = false;
    while (!stuck) {
        const size_t count = std::fread(block.data(), sizeof(Operation), block.size(), file);
        if (!count) break;
        for (size_t i = 0; i < count && !stuck; ++i, ++number) {
            const Operation& op = block[i];
            uint32_t got = 0;
            switch (op.kind) {
            case WRITE: stuck = !bench.access(op.address, true, op.data, got); break;
            case READ:
                stuck = !bench.access(op.address, false, 0, got);
                if (!stuck && ((got ^ op.data) & op.mask)) {
                    ++mismatches;
                    std::printf("mismatch %llu %llu %u\n", (unsigned long long)number,
                                (unsigned long long)bench.cycle, got);
                }
                break;
            case RECORD:
                stuck = !bench.access(op.address, false, 0, got);
                std::printf("value %llu %u\n", (unsigned long long)number, got);
                break;
            case WAIT: {
                const uint64_t limit = bench.cycle + PATIENCE;
                while (!chip.irq_o && bench.cycle < limit) bench.tick();
                stuck = !chip.irq_o;
                break;
            }
            case RESET:
                chip.wb_rst_i = 1;
                for (uint32_t n = 0; n < op.address; ++n) bench.tick();
                chip.wb_rst_i = 0;
                break;
            case IDLE:
                for (uint32_t n = 0; n < op.address; ++n) bench.tick();
                break;
            case ABORT:  // a read that the host gives up after op.data cycles
                chip.wbs_cyc_i = chip.wbs_stb_i = 1;
                chip.wbs_adr_i = op.address;
                for (uint32_t n = 0; n < op.data && !chip.wbs_ack_o; ++n) bench.tick();
                chip.wbs_cyc_i = chip.wbs_stb_i = 0;
                bench.tick();
                break;
            case PARTIAL: stuck = !bench.access(op.address, true, op.data, got, op.mask & 15); break;
            default: return std::fputs("host: unknown operation\n", stderr), 2;
            }
            if (stuck)
                std::printf("stuck %llu %llu\n", (unsigned long long)number,
                            (unsigned long long)bench.cycle);
        }
    }
    std::fclose(file);
    chip.final();
#if VM_TRACE
    if (bench.wave) bench.wave->close();
#endif
    std::printf("end %llu %llu %llu\n", (unsigned long long)number,
                (unsigned long long)bench.cycle, (unsigned long long)mismatches);
    return 0;
}
