import { type CSSVariablesResolver, createTheme, localStorageColorSchemeManager, virtualColor } from "@mantine/core";

/** Where the choice of light, dark or the system's own is kept. */
export const colorSchemes = localStorageColorSchemeManager({ key: "pulse-theme" });

/** Controls are as dense as the data they stand beside. */
const small = { defaultProps: { size: "xs" } };

/** One accent (teal), neutral greys, 14 px text, 13 px data, a 4 px grid. */
export const theme = createTheme({
  primaryColor: "accent",
  primaryShade: { light: 7, dark: 4 },
  autoContrast: true,
  defaultRadius: "md",
  respectReducedMotion: true,
  fontFamily: '"Inter Variable", Inter, system-ui, sans-serif',
  fontFamilyMonospace: '"JetBrains Mono Variable", ui-monospace, monospace',
  fontSizes: { xs: "13px", sm: "14px", md: "14px", lg: "16px", xl: "20px" },
  lineHeights: { xs: "1.4", sm: "1.45", md: "1.45", lg: "1.4", xl: "1.3" },
  spacing: { xs: "8px", sm: "12px", md: "16px", lg: "24px", xl: "32px" },
  radius: { xs: "2px", sm: "4px", md: "6px", lg: "8px", xl: "16px" },
  headings: {
    fontWeight: "600",
    sizes: {
      h1: { fontSize: "20px", lineHeight: "28px" },
      h2: { fontSize: "16px", lineHeight: "24px" },
      h3: { fontSize: "14px", lineHeight: "20px" },
    },
  },
  colors: {
    // A virtual colour, because only those get the text on them chosen for each theme.
    accent: virtualColor({ name: "accent", light: "teal", dark: "teal" }),
    teal: [
      "#effaf8",
      "#d3f2ec",
      "#a6e4da",
      "#6fd0c3",
      "#3fb8aa",
      "#1f9e91",
      "#128379",
      "#0f6f67",
      "#0f5a54",
      "#0c4440",
    ],
    gray: [
      "#f7f8f9",
      "#f0f2f4",
      "#e6e9ec",
      "#dadfe3",
      "#c6ccd2",
      "#a3acb5",
      "#717b85",
      "#525c66",
      "#39424b",
      "#1f262d",
    ],
    dark: [
      "#e4e7ea",
      "#b9c0c7",
      "#9aa4ae",
      "#7a848e",
      "#3b434b",
      "#2c333a",
      "#22282e",
      "#171b1f",
      "#121518",
      "#0d0f12",
    ],
  },
  components: {
    ActionIcon: { defaultProps: { variant: "subtle", color: "gray" } },
    Anchor: { defaultProps: { underline: "hover" } },
    Button: small,
    Checkbox: small,
    Input: small,
    InputWrapper: {
      ...small,
      vars: () => ({ description: { "--input-description-size": "12px" }, error: { "--input-error-size": "12px" } }),
    },
    MultiSelect: small,
    NumberInput: small,
    PasswordInput: small,
    Radio: small,
    SegmentedControl: small,
    Select: small,
    Switch: { defaultProps: { size: "xs", withThumbIndicator: false } },
    TagsInput: small,
    Textarea: small,
    TextInput: small,
    Autocomplete: small,
    Menu: { defaultProps: { shadow: "md", transitionProps: { duration: 80 } } },
    Tooltip: { defaultProps: { openDelay: 250, multiline: true, maw: 360, withArrow: true } },
  },
});

/**
 * Meaning has its own colours: for `added`, `changed`, `removed` and `error` there is a sign colour (`--pulse-added`), a
 * background (`--pulse-added-bg`) and a text colour readable on that background and on the page (`--pulse-added-text`).
 */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-text": "#1c2329",
    "--mantine-color-error": "#b3261e",
    "--mantine-color-dimmed": "#56606a",
    "--mantine-color-placeholder": "#69737d",
    "--pulse-surface": "#f7f8f9",
    "--pulse-border": "#e2e5e9",
    "--pulse-quiet": "#eceff1",
    "--pulse-faint": "#6b757f",
    "--pulse-accent-soft": "#dff3ef",
    "--pulse-added": "#2f9e48",
    "--pulse-added-bg": "#e3f5e6",
    "--pulse-added-text": "#17692c",
    "--pulse-changed": "#c98200",
    "--pulse-changed-bg": "#fdf0cf",
    "--pulse-changed-text": "#7a4d00",
    "--pulse-removed": "#d6453b",
    "--pulse-removed-bg": "#fde6e4",
    "--pulse-removed-text": "#a3231a",
    "--pulse-error": "#cf3328",
    "--pulse-error-bg": "#fdf0ee",
    "--pulse-error-text": "#b3261e",
  },
  dark: {
    "--mantine-color-error": "#ff8f86",
    "--mantine-color-dimmed": "#9aa4ae",
    "--mantine-color-placeholder": "#8b959f",
    "--mantine-color-accent-light": "#173a37",
    "--mantine-color-accent-light-hover": "#1c4743",
    // What is not filled has its colour in dark, too, where the library makes it nearly white.
    "--mantine-color-accent-light-color": "#6fd0c3",
    "--mantine-color-red-light-color": "#ff8f86",
    "--pulse-surface": "#1c2126",
    "--pulse-border": "#2f363d",
    "--pulse-quiet": "#2a3037",
    "--pulse-faint": "#8b959f",
    "--pulse-accent-soft": "#173a37",
    "--pulse-added": "#47b863",
    "--pulse-added-bg": "#14341f",
    "--pulse-added-text": "#7fd897",
    "--pulse-changed": "#d9a52e",
    "--pulse-changed-bg": "#3d2e0c",
    "--pulse-changed-text": "#f0c060",
    "--pulse-removed": "#e5675d",
    "--pulse-removed-bg": "#431d1b",
    "--pulse-removed-text": "#ff9d94",
    "--pulse-error": "#e0594f",
    "--pulse-error-bg": "#331a1a",
    "--pulse-error-text": "#ff8f86",
  },
});
