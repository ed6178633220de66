package org.jtorch.align.check;

import java.lang.reflect.InvocationTargetException;
import org.jtorch.align.rollout.Reward;

/// A reward that a user wrote as a class of Java.
public final class JavaReward {
  private JavaReward() {}

  /// An object of a class on the class path.
  ///
  /// @param name of a public class that implements [Reward] and has a public constructor without parameters, such as `com.acme.Brevity`
  /// @throws IllegalArgumentException saying what it lacks
  public static Reward load(String name) {
    try {
      var type = Class.forName(name, true, loader());
      if (!Reward.class.isAssignableFrom(type)) {
        throw new IllegalArgumentException("the class " + name + " does not implement " + Reward.class.getName());
      }
      return (Reward) type.getConstructor().newInstance();
    } catch (ClassNotFoundException e) {
      throw new IllegalArgumentException("there is no class " + name + " on the class path; give its full name, e.g. com.acme.Brevity, and start"
          + " java with its jar on -cp", e);
    } catch (NoSuchMethodException | InstantiationException | IllegalAccessException e) {
      throw new IllegalArgumentException("the class " + name + " must be public, with a public constructor without parameters", e);
    } catch (InvocationTargetException | LinkageError e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw new IllegalArgumentException("the class " + name + " cannot be made: " + cause, e);
    }
  }

  private static ClassLoader loader() {
    var own = Thread.currentThread().getContextClassLoader();
    return own == null ? JavaReward.class.getClassLoader() : own;
  }
}
