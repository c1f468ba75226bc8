import type { ComponentPropsWithRef } from "react";
import css from "./Button.module.css";

interface ButtonProps extends ComponentPropsWithRef<"button"> {
  look?: "plain" | "primary" | "danger" | "quiet";
}

/** A button that submits nothing unless its type says so. */
export function Button({ look = "plain", type = "button", className, ...rest }: ButtonProps) {
  return <button type={type} className={[css["button"], css[look], className].filter(Boolean).join(" ")} {...rest} />;
}
