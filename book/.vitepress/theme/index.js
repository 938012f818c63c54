// VitePress's own theme, with our colours and the components that pages use.
import DefaultTheme from "vitepress/theme";
import FetchComparison from "./components/FetchComparison.vue";
import LoopStepper from "./components/LoopStepper.vue";
import WaitingFigure from "./components/WaitingFigure.vue";
import "./figure.css";
import "./style.css";

export default {
  extends: DefaultTheme,
  enhanceApp({ app }) {
    app.component("FetchComparison", FetchComparison);
    app.component("LoopStepper", LoopStepper);
    app.component("WaitingFigure", WaitingFigure);
  },
};
