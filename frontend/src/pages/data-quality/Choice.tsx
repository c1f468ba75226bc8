import { Field } from "../../ui/Field";

interface ChoiceProps {
  label: string;
  value: string;
  /** Value and word; the empty value asks for all. */
  options: readonly (readonly [string, string])[];
  choose: (value: string) => void;
}

/** A filter with a few known values. */
export function Choice({ label, value, options, choose }: ChoiceProps) {
  return (
    <Field label={label}>
      {(ids) => (
        <select
          {...ids}
          value={value}
          onChange={(event) => {
            choose(event.target.value);
          }}
        >
          {options.map(([key, word]) => (
            <option key={key} value={key}>
              {word}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** A filter by symbol: asked when Enter is pressed or the field is left, so that half a symbol asks nothing. */
export function SymbolChoice({ value, choose }: { value: string; choose: (value: string) => void }) {
  return (
    <Field label="Symbol">
      {(ids) => (
        <input
          {...ids}
          key={value}
          defaultValue={value}
          maxLength={32}
          placeholder="All"
          spellCheck={false}
          onBlur={(event) => {
            choose(event.target.value.trim());
          }}
          onKeyDown={(event) => {
            if (event.key === "Enter") choose(event.currentTarget.value.trim());
          }}
        />
      )}
    </Field>
  );
}
