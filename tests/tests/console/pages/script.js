document.getElementById('greeting').textContent = 'The script ran';
const answer = document.getElementById('answer');
for (const row of document.querySelectorAll('tbody tr')) {
  row.querySelector('button').addEventListener('click', () => row.remove());
}
document.getElementById('later').addEventListener('click', (event) => {
  event.target.disabled = true;
  setTimeout(() => { answer.textContent = 'Here it is, later'; }, 150);
});
document.addEventListener('keydown', (event) => {
  if (event.key === 'Tab' && event.shiftKey) answer.textContent = 'Shift and Tab';
});
