/** The program's mark. */
export function Mark() {
  return (
    <svg viewBox="0 0 32 32" width="24" height="24" aria-hidden="true" style={{ flex: "none" }}>
      <rect width="32" height="32" rx="7" fill="#0f6f67" />
      <path
        d="M5 17h5l3-8 5 15 3.5-10 1.5 3h4"
        fill="none"
        stroke="#fff"
        strokeWidth="2.6"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}
