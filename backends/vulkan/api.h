/* api.h - the functions of Vulkan, fetched by name.
 *
 * Nothing links to libvulkan: the tables are filled from
 * vkGetInstanceProcAddr after dlopen().
 *
 * Owns: nothing.
 */
#ifndef TARN_VULKAN_API_H
#define TARN_VULKAN_API_H

#define VK_NO_PROTOTYPES
#include <vulkan/vulkan.h>

#define VK_GLOBAL_FUNCTIONS(X) X(CreateInstance) X(EnumerateInstanceVersion)
#define VK_INSTANCE_FUNCTIONS(X)                                               \
    X(DestroyInstance)                                                         \
    X(EnumeratePhysicalDevices)                                                \
    X(EnumerateDeviceExtensionProperties)                                      \
    X(GetPhysicalDeviceProperties2)                                            \
    X(GetPhysicalDeviceFeatures2)                                              \
    X(GetPhysicalDeviceMemoryProperties2)                                      \
    X(GetPhysicalDeviceQueueFamilyProperties)                                  \
    X(GetPhysicalDeviceExternalBufferProperties)                               \
    X(CreateDevice)                                                            \
    X(GetDeviceProcAddr)
#define VK_DEVICE_FUNCTIONS(X)                                                 \
    X(DestroyDevice)                                                           \
    X(GetDeviceQueue)                                                          \
    X(CreateBuffer)                                                            \
    X(DestroyBuffer)                                                           \
    X(GetBufferMemoryRequirements)                                             \
    X(GetBufferDeviceAddress)                                                  \
    X(AllocateMemory)                                                          \
    X(FreeMemory)                                                              \
    X(BindBufferMemory)                                                        \
    X(MapMemory)                                                               \
    X(CreateShaderModule)                                                      \
    X(DestroyShaderModule)                                                     \
    X(CreatePipelineLayout)                                                    \
    X(DestroyPipelineLayout)                                                   \
    X(CreateComputePipelines)                                                  \
    X(DestroyPipeline)                                                         \
    X(CreatePipelineCache)                                                     \
    X(DestroyPipelineCache)                                                    \
    X(GetPipelineCacheData)                                                    \
    X(CreateCommandPool)                                                       \
    X(DestroyCommandPool)                                                      \
    X(AllocateCommandBuffers)                                                  \
    X(FreeCommandBuffers)                                                      \
    X(BeginCommandBuffer)                                                      \
    X(EndCommandBuffer)                                                        \
    X(CmdBindPipeline)                                                         \
    X(CmdPushConstants)                                                        \
    X(CmdDispatch)                                                             \
    X(CmdPipelineBarrier)                                                      \
    X(CmdCopyBuffer)                                                           \
    X(CmdFillBuffer)                                                           \
    X(CreateSemaphore)                                                         \
    X(DestroySemaphore)                                                        \
    X(WaitSemaphores)                                                          \
    X(QueueSubmit)                                                             \
    X(DeviceWaitIdle)

#define VK_MEMBER(f) PFN_vk##f f;
struct vk_global_api {
    PFN_vkGetInstanceProcAddr GetInstanceProcAddr;
    VK_GLOBAL_FUNCTIONS(VK_MEMBER)
};
struct vk_instance_api {
    VK_INSTANCE_FUNCTIONS(VK_MEMBER)
};
struct vk_device_api {
    VK_DEVICE_FUNCTIONS(VK_MEMBER)
    VK_MEMBER(GetMemoryHostPointerPropertiesEXT) /* NULL: nothing is imported */
};
#undef VK_MEMBER

#endif
