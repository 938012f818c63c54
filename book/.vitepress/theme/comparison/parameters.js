// What the reader can choose. The limits are for the input fields only: the
// server checks them, and its sentence is what the reader gets to see.

export const limits = {
  urls: { min: 1, max: 200 },
  delay: { min: 0, max: 2000 },
  concurrency: { min: 1, max: 200 },
};

/// Returns the parameters a new page starts with.
export function default_parameters() {
  return { urls: "20", delay: "200", concurrency: "20" };
}

/// Writes the parameters as the body of the form that starts a run.
export function to_form_body({ urls, delay, concurrency }) {
  return new URLSearchParams({ urls, delay, concurrency }).toString();
}
