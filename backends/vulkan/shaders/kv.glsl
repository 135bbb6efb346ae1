// kv.glsl - where K and V of a position lie in a page.
//
// A page holds per layer K then V.  F32 and F16: [256][width] as the numbers
// are; Q8_0: q [256][width] as bytes, then d [256][width / 32] as halves.
layout(constant_id = 5) const uint KV_TYPE = 1; // GGUF: 0, 1, 8

// Words of K (or of V) of one layer.
uint kv_words(uint width)
{
    if (KV_TYPE == 0u)
        return 256u * width;
    if (KV_TYPE == 1u)
        return 128u * width;
    return 64u * width + 4u * width;
}

float kv_get(Words page, uint base, uint width, uint at, uint i)
{
    const uint n = at * width + i;
    if (KV_TYPE == 0u)
        return uintBitsToFloat(page.v[base + n]);
    if (KV_TYPE == 1u)
        return half_value(half_at(page, base, n));
    const int q = bitfieldExtract(int(byte_at(page, base, n)), 0, 8);
    precise const float v =
        float(q) * half_value(half_at(page, base + 64u * width,
                                      at * (width / 32u) + i / 32u));
    return v;
}
