import { useEffect, useRef, type ReactNode } from "react";
import css from "./Dialog.module.css";

/** A modal dialog of the browser's own: Escape, the backdrop and focus are its business. Mounted is open. */
export function Dialog({ label, close, children }: { label: string; close: () => void; children: ReactNode }) {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    box.current?.showModal();
  }, []);
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions, jsx-a11y/click-events-have-key-events -- Escape is the keyboard's way, by the browser
    <dialog
      ref={box}
      aria-label={label}
      className={css["dialog"]}
      onClose={close}
      onClick={(event) => {
        if (event.target === box.current) close();
      }}
    >
      <div className={css["inner"]}>{children}</div>
    </dialog>
  );
}
