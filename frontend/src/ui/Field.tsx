import { useId, type ReactNode } from "react";
import css from "./Field.module.css";

interface FieldProps {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
  /** Renders the control with the ids that tie it to its label, hint and error. */
  children: (ids: { id: string; "aria-describedby"?: string; "aria-invalid"?: true }) => ReactNode;
}

/** A labelled control. */
export function Field({ label, hint, error, children }: FieldProps) {
  const id = useId();
  const told = hint !== undefined || error !== undefined;
  return (
    <div className={css["field"]}>
      <label htmlFor={id}>{label}</label>
      {children({
        id,
        ...(told ? { "aria-describedby": `${id}-told` } : {}),
        ...(error !== undefined ? { "aria-invalid": true as const } : {}),
      })}
      {told && (
        <div id={`${id}-told`} className={error === undefined ? css["hint"] : css["error"]}>
          {error ?? hint}
        </div>
      )}
    </div>
  );
}
