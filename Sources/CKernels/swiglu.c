#include "CKernels.h"
#include "vector.h"

static inline f8 sigmoid8(f8 x) { return splat8(1) / (splat8(1) + exp8(-x)); }

static inline f8 swiglu8(f8 gate, f8 up) { return gate * sigmoid8(gate) * up; }

// gate_up [rows, 2·columns] → y [rows, columns] = gate·σ(gate)·up
void decant_swiglu(const float *gate_up, float *y, long rows, long columns) {
    decant_swiglu_columns(gate_up, y, rows, columns, 0, columns);
}

void decant_swiglu_columns(const float *gate_up, float *y, long rows, long columns, long first, long count) {
    for (long r = 0; r < rows; r++) {
        const float *gate = gate_up + r * 2 * columns + first, *up = gate + columns;
        float *target = y + r * columns + first;
        long i = 0;
        for (; i + 8 <= count; i += 8) store8(target + i, swiglu8(load8(gate + i), load8(up + i)));
        long rest = count - i;
        if (rest) store8_first(target + i, swiglu8(load8_first(gate + i, rest), load8_first(up + i, rest)), rest);
    }
}

typedef struct {
    f8 gate, up;
} gate_up8;

static inline gate_up8 swiglu_backward8(f8 gate, f8 up, f8 dy) {
    f8 sigmoid = sigmoid8(gate);
    f8 silu = gate * sigmoid;
    f8 slope = fma8(silu, splat8(1) - sigmoid, sigmoid); // σ + gate·σ·(1 − σ)
    return (gate_up8){dy * up * slope, dy * silu};
}

void decant_swiglu_backward(const float *gate_up, const float *dy, float *dgate_up, long rows, long columns) {
    for (long r = 0; r < rows; r++, gate_up += 2 * columns, dgate_up += 2 * columns, dy += columns) {
        const float *gate = gate_up, *up = gate_up + columns;
        long i = 0;
        for (; i + 8 <= columns; i += 8) {
            gate_up8 d = swiglu_backward8(load8(gate + i), load8(up + i), load8(dy + i));
            store8(dgate_up + i, d.gate);
            store8(dgate_up + columns + i, d.up);
        }
        long rest = columns - i;
        if (rest == 0) continue;
        gate_up8 d = swiglu_backward8(load8_first(gate + i, rest), load8_first(up + i, rest), load8_first(dy + i, rest));
        store8_first(dgate_up + i, d.gate, rest);
        store8_first(dgate_up + columns + i, d.up, rest);
    }
}
