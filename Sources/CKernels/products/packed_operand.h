// Products with a second operand that is packed once and used often; matmul.c has their code.
#ifndef DECANT_PACKED_OPERAND_H
#define DECANT_PACKED_OPERAND_H

// `wide` says whether panels have the width of AVX-512. A caller asks for it once for packing and multiplying, because the width
// can be limited in between.

// Floats of a packed b[depth, columns].
long packed_count(long columns, long depth);

// b(i, j) = b[i·stride + j], or b[j·stride + i] where it is transposed.
void pack_matrix(int wide, const float *b, long stride, int transposed, long depth, long columns, float *packed);

// c[rows, columns] (+)= a·b with the first `columns` columns and `depth` rows of a b that was packed as
// [packed_depth, packed_columns]; a(r, i) = a[r·stride + i], or a[i·stride + r] where it is transposed.
void multiply_packed(int wide, const float *a, long stride, int transposed, const float *packed, long packed_depth,
                     long packed_columns, long rows, long columns, long depth, float *c, long c_stride, int adding);

#endif
