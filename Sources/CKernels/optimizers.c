#include "CKernels.h"

// AdamW: w ← w·(1 − lr·decay) − lr·m̂/(√v̂ + ε)
void decant_adamw(float *restrict w, const float *restrict gradient, float *restrict m, float *restrict v, long n,
                  decant_adamw_settings s) {
    float keep = 1.0f - s.learning_rate * s.weight_decay;
    float rate = s.learning_rate / s.correction1, inverse2 = 1.0f / s.correction2;
    for (long i = 0; i < n; i++) {
        float g = gradient[i] * s.gradient_scale;
        m[i] = __builtin_fmaf(s.beta1, m[i], (1.0f - s.beta1) * g);
        v[i] = __builtin_fmaf(s.beta2, v[i], (1.0f - s.beta2) * g * g);
        float deviation = __builtin_sqrtf(v[i] * inverse2) + s.epsilon;
        w[i] = __builtin_fmaf(-rate, m[i] / deviation, w[i] * keep);
    }
}

// Nesterov: momentum ← β·momentum + g; the update, in the gradient's place, is g + β·momentum.
void decant_momentum(float *restrict gradient, float gradient_scale, float *restrict momentum, float beta, long n) {
    for (long i = 0; i < n; i++) {
        float g = gradient[i] * gradient_scale;
        momentum[i] = __builtin_fmaf(beta, momentum[i], g);
        gradient[i] = __builtin_fmaf(beta, momentum[i], g);
    }
}

void decant_combine(float *restrict y, float own, const float *restrict x, float other, long n) {
    for (long i = 0; i < n; i++) y[i] = __builtin_fmaf(other, x[i], own * y[i]);
}

void decant_apply_update(float *restrict w, const float *restrict update, float rate, float decay, long n) {
    float keep = 1.0f - decay;
    for (long i = 0; i < n; i++) w[i] = __builtin_fmaf(-rate, update[i], w[i] * keep);
}
