// Draws the Plotly figures of the page; Plotly itself is in the page, compressed.
"use strict";

async function drawCharts() {
  const source = await inflate(document.getElementById("plotly").textContent.trim());
  const script = document.createElement("script");
  script.src = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  await new Promise((done, failed) => {
    Object.assign(script, { onload: done, onerror: failed });
    document.head.append(script);
  });
  const figures = JSON.parse(document.getElementById("figures").textContent);
  for (const place of document.querySelectorAll("[data-figure]")) {
    const figure = figures[place.dataset.figure];
    if (figure) await Plotly.newPlot(place, figure.data, figure.layout, { responsive: true, displaylogo: false });
  }
  document.body.dataset.charts = "yes";
}

drawCharts();
