import { Component, type ReactNode } from "react";
import { Problem } from "../ui/Problem";

/** Keeps the rest of the frame when a page breaks; a new `page` starts afresh. */
export class ErrorBoundary extends Component<{ page: string; children: ReactNode }, { error: unknown; page: string }> {
  override state = { error: null as unknown, page: this.props.page };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  static getDerivedStateFromProps(props: { page: string }, state: { page: string }) {
    return props.page === state.page ? null : { page: props.page, error: null };
  }

  override render() {
    if (this.state.error === null) return this.props.children;
    return (
      <Problem
        error={this.state.error}
        retry={() => {
          location.reload();
        }}
      />
    );
  }
}
