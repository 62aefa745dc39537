"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
for (const sentence of data.sentences) {
  const line = document.createElement("p");
  line.textContent = sentence;
  document.querySelector("main").append(line);
}
