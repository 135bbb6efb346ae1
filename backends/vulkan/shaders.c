/* shaders.c - the compiled shaders, by number.  The headers are made by the
 * build, one per shader and weight type. */
#include "backends/vulkan/inside.h"

#include "attend.spv.h"
#include "bound.spv.h"
#include "combine.spv.h"
#include "conv.spv.h"
#include "group.spv.h"
#include "merge.spv.h"
#include "norm.spv.h"
#include "pair.spv.h"
#include "peaks.spv.h"
#include "pick.spv.h"
#include "quant.spv.h"
#include "route.spv.h"
#include "turn.spv.h"

#include "weights.spv.h" /* mat_N, dot_N, embed_N: N is the GGUF number */

#define CODE(name)                                                             \
    {                                                                          \
        name##_spv, sizeof name##_spv                                          \
    }

struct vk_code vk_shader_code(uint32_t shader, bool dot)
{
    static const struct vk_code plain[] = {
        [VK_SH_NORM] = CODE(norm),   [VK_SH_QUANT] = CODE(quant),
        [VK_SH_PAIR] = CODE(pair),   [VK_SH_CONV] = CODE(conv),
        [VK_SH_TURN] = CODE(turn),   [VK_SH_ATTEND] = CODE(attend),
        [VK_SH_MERGE] = CODE(merge), [VK_SH_ROUTE] = CODE(route),
        [VK_SH_GROUP] = CODE(group), [VK_SH_COMBINE] = CODE(combine),
        [VK_SH_PEAKS] = CODE(peaks), [VK_SH_BOUND] = CODE(bound),
        [VK_SH_PICK] = CODE(pick),
    };
#define ENTRY(type) [type] = CODE(mat_##type),
    static const struct vk_code mats[64] = { VK_PLAIN_TYPES(ENTRY)
                                                 VK_BLOCK_TYPES(ENTRY) };
#undef ENTRY
#define ENTRY(type) [type] = CODE(dot_##type),
    static const struct vk_code dots[64] = { VK_BLOCK_TYPES(ENTRY) };
#undef ENTRY
#define ENTRY(type) [type] = CODE(tile_##type),
    static const struct vk_code tiles[64] = { VK_BLOCK_TYPES(ENTRY) };
#undef ENTRY
#define ENTRY(type) [type] = CODE(tile_dot_##type),
    static const struct vk_code dot_tiles[64] = { VK_BLOCK_TYPES(ENTRY) };
#undef ENTRY
#define ENTRY(type) [type] = CODE(half_##type),
    static const struct vk_code halves[64] = { VK_BLOCK_TYPES(ENTRY) };
#undef ENTRY
#define ENTRY(type) [type] = CODE(embed_##type),
    static const struct vk_code embeds[64] = { VK_PLAIN_TYPES(ENTRY)
                                                   VK_BLOCK_TYPES(ENTRY) };
#undef ENTRY
    if (shader < VK_SH_MAT)
        return plain[shader];
    if (shader >= VK_SH_END)
        return (struct vk_code){ NULL, 0 };
    if (shader >= VK_SH_EMBED)
        return embeds[shader - VK_SH_EMBED];
    if (shader >= VK_SH_HALF)
        return halves[shader - VK_SH_HALF];
    if (shader >= VK_SH_TILE)
        return (dot ? dot_tiles : tiles)[shader - VK_SH_TILE];
    const uint32_t type = shader - VK_SH_MAT;
    return dot && dots[type].words ? dots[type] : mats[type];
}
