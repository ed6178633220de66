package org.jtorch.parity;

/// A case, or a part of one, that this version of JTorch has nothing to compare with: left out, not failed.
final class NotSupportedException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  NotSupportedException(String message) {
    super(message);
  }
}
