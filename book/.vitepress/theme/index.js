// VitePress's own theme, with our colours and the components that pages use.
import DefaultTheme from "vitepress/theme";
import FetchComparison from "./components/FetchComparison.vue";
import WaitingFigure from "./components/WaitingFigure.vue";
import "./style.css";

export default {
  extends: DefaultTheme,
  enhanceApp({ app }) {
    app.component("FetchComparison", FetchComparison);
    app.component("WaitingFigure", WaitingFigure);
  },
};
