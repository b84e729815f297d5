/** Plotly with only what the views draw: scatter (in the core), bars and heat maps. A third of the cartesian bundle. */
import './node-global';
import Plotly from 'plotly.js/lib/core';
import bar from 'plotly.js/lib/bar';
import heatmap from 'plotly.js/lib/heatmap';

Plotly.register([bar, heatmap]);

export { Plotly };
