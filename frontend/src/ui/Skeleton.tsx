import css from "./Skeleton.module.css";

/** Lines where text or rows will be. Pages show one each, with what is being fetched as its label. */
export function Skeleton({ lines = 3, height, label = "Loading" }: { lines?: number; height?: number; label?: string }) {
  return (
    <div className={css["skeleton"]} role="status" aria-label={label}>
      {height === undefined ? (
        Array.from({ length: lines }, (_, line) => <span key={line} className={css["line"]} />)
      ) : (
        <span className={css["line"]} style={{ height }} />
      )}
    </div>
  );
}
