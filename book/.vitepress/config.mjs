import { defineConfig } from "vitepress";

const pages = [
  { text: "Introduction", link: "/" },
  { text: "How to work through it", link: "/how-to-work-through" },
  { text: "Synchronous and asynchronous", link: "/compare" },
];

const chapters = [{ text: "1 · One client at a time", link: "/ch01-blocking" }];

export default defineConfig({
  lang: "en-GB",
  title: "Funnel",
  titleTemplate: ":title · Funnel",
  description: "How an asynchronous web framework works, learned by building one in C++20",
  head: [["link", { rel: "icon", type: "image/svg+xml", href: "/favicon.svg" }]],
  markdown: {
    typographer: true,
    // The usual themes are too pale on the page's grey for text of this size.
    theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" },
  },
  themeConfig: {
    logo: { src: "/favicon.svg", alt: "" },
    nav: pages,
    sidebar: [...pages, { text: "Chapters", items: chapters }],
    outline: { level: [2, 3] },
    search: { provider: "local" },
  },
});
