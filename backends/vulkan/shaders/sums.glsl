// sums.glsl - sum of squares in the contract's order (L16).
//
// LANES lanes share a row: 1 (a lane has all sixteen accumulators) or a whole
// workgroup of at least 16, which stages the squares in shared memory.
layout(constant_id = 1) const uint LANES = 1;

shared float l16[16];

float sum_squares(Floats x, uint at, uint n)
{
    if (LANES == 1u) {
        precise float acc[16];
        [[unroll]] for (uint l = 0u; l < 16u; l++)
            acc[l] = 0.0;
        for (uint i = 0u; i < n; i += 16u)
            [[unroll]] for (uint l = 0u; l < 16u; l++)
                if (i + l < n) {
                    precise const float p = x.v[at + i + l] * x.v[at + i + l];
                    acc[l] = acc[l] + p;
                }
        for (uint h = 8u; h > 0u; h >>= 1)
            for (uint l = 0u; l < h; l++)
                acc[l] = acc[l] + acc[l + h];
        return acc[0];
    }
    const uint lane = gl_LocalInvocationIndex;
    if (lane < 16u) {
        precise float sum = 0.0;
        for (uint i = lane; i < n; i += 16u) {
            precise const float p = x.v[at + i] * x.v[at + i];
            sum = sum + p;
        }
        l16[lane] = sum;
    }
    for (uint h = 8u; h > 0u; h >>= 1) {
        barrier();
        if (lane < h) {
            precise const float s = l16[lane] + l16[lane + h];
            l16[lane] = s;
        }
    }
    barrier();
    return l16[0];
}
