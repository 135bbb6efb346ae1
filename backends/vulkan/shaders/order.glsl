// order.glsl - logits as integers in the order of their values, and the blocks
// that a row of them is seen in.
//
// Block j of a row holds the logits j, j + n, j + 2 n, ... of n blocks, so that
// lanes that stand side by side read side by side.  NaN is beside the values:
// whoever finds one says so, and no order is asked for any more.

// Ascends with the logit; -0 is +0.
uint key_of(uint bits)
{
    if (bits == 0x80000000u)
        bits = 0u;
    return (bits & 0x80000000u) != 0u ? ~bits : bits | 0x80000000u;
}

float value_of(uint key)
{
    return uintBitsToFloat((key & 0x80000000u) != 0u ? key & 0x7fffffffu : ~key);
}

const uint LEAST = 0x007fffffu; // key_of(-infinity)

// A record of a row: how many were listed, the bound of the list, two words of
// nothing; parts of four words; the list, two words each.
const uint RECORD_HEAD = 4u, PART_WORDS = 4u;
