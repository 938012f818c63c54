import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { defineConfig } from "vitepress";

const pages = [
  { text: "Introduction", link: "/" },
  { text: "How to work through it", link: "/how-to-work-through" },
  { text: "Synchronous and asynchronous", link: "/compare" },
];

const book = fileURLToPath(new URL("..", import.meta.url));

/** The pages chNN-NAME.md in their order, each with its number and the title that it begins with. */
const chapters = readdirSync(book)
  .filter((name) => /^ch\d\d-.*\.md$/.test(name))
  .sort()
  .map((name) => {
    const title = /^title: (.*)$/m.exec(readFileSync(join(book, name), "utf8"))[1];
    return { text: `${Number(name.slice(2, 4))} · ${title}`, link: `/${name.slice(0, -3)}` };
  });

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
