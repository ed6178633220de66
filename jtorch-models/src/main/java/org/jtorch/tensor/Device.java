package org.jtorch.tensor;

import java.util.Locale;

/// Where tensors live: `cpu`, or `cuda:0` and its siblings.
public record Device(Kind kind, int index) {
  public enum Kind { CPU, CUDA }

  public static final Device CPU = new Device(Kind.CPU, 0);

  public Device {
    if (index < 0) {
      throw new IllegalArgumentException("device index must be >= 0 but was " + index);
    }
  }

  public static Device cuda(int index) {
    return new Device(Kind.CUDA, index);
  }

  /// The first CUDA device if this libtorch sees one, else the CPU.
  public static Device best() {
    return Native.cudaDevices() > 0 ? cuda(0) : CPU;
  }

  /// Reads `best`, `cpu`, `cuda` or `cuda:1`.
  ///
  /// @throws IllegalArgumentException naming what is accepted, or that no such device is there
  public static Device parse(String text) {
    String name = text.toLowerCase(Locale.ROOT);
    if (name.equals("best") || name.equals("auto")) {
      return best();
    }
    if (name.equals("cpu")) {
      return CPU;
    }
    if (name.matches("cuda(:\\d+)?")) {
      int index = name.length() > 5 ? Integer.parseInt(name.substring(5)) : 0;
      int found = Native.cudaDevices();
      if (index >= found) {
        throw new IllegalArgumentException("device \"" + text + "\" is not there: libtorch sees " + found
            + " CUDA devices; use cpu, or see `jtorch doctor` for what is missing");
      }
      return cuda(index);
    }
    throw new IllegalArgumentException("unknown device \"" + text + "\"; use best, cpu, cuda or cuda:N");
  }

  /// What libtorch holds there; [DeviceMemory#NONE] on the CPU.
  public DeviceMemory memory() {
    return isCuda() ? DeviceMemory.cuda(index) : DeviceMemory.NONE;
  }

  public boolean isCuda() {
    return kind == Kind.CUDA;
  }

  @Override public String toString() {
    return isCuda() ? "cuda:" + index : "cpu";
  }
}
