package org.jtorch.tensor;

import org.bytedeco.pytorch.cuda.CUDAAllocator;
import org.bytedeco.pytorch.global.torch_cuda;

/// Memory that libtorch's allocator holds on a device, in bytes; all 0 on the CPU, whose memory is the process's.
///
/// @param allocated in tensors now
/// @param peak the most that was in tensors at any time
/// @param reserved taken from the driver, in tensors or kept for the next
public record DeviceMemory(long allocated, long peak, long reserved) {
  public static final DeviceMemory NONE = new DeviceMemory(0, 0, 0);

  /// The figures of CUDA device `index`; [#NONE] if there is no such device, and until the first tensor goes to one.
  static DeviceMemory cuda(int index) {
    if (index >= Native.cudaDevices()) {
      return NONE;
    }
    try (var allocator = torch_cuda.getAllocator()) {
      return allocator.initialized() ? of(allocator, index) : NONE;
    }
  }

  private static DeviceMemory of(CUDAAllocator allocator, int index) {
    try (var stats = allocator.getDeviceStats((byte) index); var allocated = stats.allocated_bytes(); var reserved = stats.reserved_bytes()) {
      return new DeviceMemory(allocated.current(), allocated.peak(), reserved.current());
    }
  }
}
